import { Notice } from '../../ui/index.js';
import type { Outcome } from '../save.js';

interface OutcomeNoticeProps {
  of: Outcome | null;
  saved: string;
}

export function OutcomeNotice({ of, saved }: OutcomeNoticeProps) {
  if (of === null) return null;
  if (of === 'saved') return <Notice tone="good">{saved}</Notice>;
  return (
    <Notice tone="bad">
      Somebody else has changed this meanwhile, so nothing was saved. It is shown as it is now: look at it, and make
      your change again.
    </Notice>
  );
}
