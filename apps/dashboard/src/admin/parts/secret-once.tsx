import { Copyable, Notice } from '../../ui/index.js';

/** A secret that the vault says this once; nothing here keeps it. */
export const SecretOnce = ({ secret }: { secret: string }) => (
  <Notice tone="warn">
    <p>This is the client secret. It is shown this once: copy it now. If it is lost, have a new one made.</p>
    <Copyable text={secret} label="client secret" />
  </Notice>
);
