import { type Html, sendPage, sendSeeOther } from '@strongroom/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { pageHeaders } from '@strongroom/http';

/** What a browser gets: a page of ours or a way on, and cookies set or cleared with it. */
export type BrowserAnswer = ({ status: number; page: Html } | { seeOther: string }) & { cookies?: string[] };

export function sendAnswer(reply: FastifyReply, answer: BrowserAnswer): void {
  if (answer.cookies?.length) void reply.header('set-cookie', answer.cookies);
  if ('page' in answer) sendPage(reply, answer.status, answer.page);
  else sendSeeOther(reply, answer.seeOther);
}

/** HEAD, prefetch, prerender: nobody has decided to come here yet, so nothing may be spent. */
export const isLookAhead = ({ method, headers }: FastifyRequest): boolean =>
  method === 'HEAD' ||
  [headers['sec-purpose'], headers['purpose'], headers['x-moz']].some((value) =>
    /prefetch|prerender/.test(String(value)),
  );

export const sendNothing = (reply: FastifyReply): void => void reply.code(204).headers(pageHeaders).send();
