import type { TokensetsSettings } from '../tokensets.options.js';
import type { NodeRegistry } from './node-registry.js';

/** Parameters of `awaitedSql`, by name. */
export interface TakeoverParameters {
  /** What the provider does to a second use of a token, as far as is known now. */
  rotation: string;
  node: string;
  silenceSeconds: string;
  sinceFailure: string;
}

/**
 * An open attempt of the row `t` whose answer may lie with another node: `spec/refresh.md` §3. A node is done with it
 * once it came back, for it replays its spill first, or was silent for long while we could have heard it. While the token
 * that was sent still works, nobody has to wait: a resend costs nothing. Once its grace is over it is as a strict one's.
 */
export const awaitedSql = ({ rotation, node, silenceSeconds, sinceFailure }: TakeoverParameters): string => `EXISTS (
  SELECT FROM refresh_attempts o JOIN nodes n ON n.node = o.node AND n.boot_id = o.boot_id
  WHERE o.tokenset_id = t.id AND o.base_version = t.cred_version AND o.state IN ('sent', 'unknown')
    AND o.node <> ${node}
    AND (${rotation} = 'strict' OR o.rotation = 'strict' OR o.grace_until <= clock_timestamp())
    AND greatest(n.seen_at, pg_postmaster_start_time(),
          coalesce(clock_timestamp() - make_interval(secs => ${sinceFailure}), '-infinity'))
        > clock_timestamp() - make_interval(secs => ${silenceSeconds}))`;

/** Their values, in this order. */
export const takeoverValues = (nodes: NodeRegistry, settings: TokensetsSettings) => [
  nodes.node,
  settings.strictTakeoverSeconds,
  nodes.secondsSinceFailure(),
];
