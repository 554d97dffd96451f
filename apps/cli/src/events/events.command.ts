import type { Command } from 'commander';
import type { Terminal } from '../run.js';

export function eventsCommand(_program: Command, _terminal: Terminal): void {}
