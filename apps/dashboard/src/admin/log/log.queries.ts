import { useQuery } from '@tanstack/react-query';
import { encoded, management } from '../../api/index.js';
import { useListing } from '../listing.js';

export interface LogEntry {
  log_id: string;
  date: string;
  type: string;
  description: string;
  client_id: string | null;
  client_name: string | null;
  connection: string | null;
  user_id: string | null;
  ip: string | null;
  details: Record<string, unknown>;
}

/** @param q empty: everything */
export const useLog = (q: string) => useListing<LogEntry>('log', '/logs', 'logs', q === '' ? {} : { q });

export const useLogEntry = (id: string) =>
  useQuery({
    queryKey: ['log', 'one', id],
    queryFn: () => management<LogEntry>(encoded`/logs/${id}`),
  });
