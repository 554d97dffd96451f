import { QueryClient } from '@tanstack/react-query';
import { ApiProblem } from './problem.js';

/** Reads are repeated where the server says that it may help; what changes something never is. */
export const newQueryClient = (): QueryClient =>
  new QueryClient({
    defaultOptions: {
      queries: {
        retry: (failures, error) => failures < 2 && error instanceof ApiProblem && error.isPassing,
        staleTime: 5_000,
      },
      mutations: { retry: false },
    },
  });
