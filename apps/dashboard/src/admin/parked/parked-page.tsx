import { Page } from '../../ui/index.js';
import { CONTEXTS } from './parked.queries.js';
import { ParkedAt } from './parked-at.js';

export const ParkedPage = () => (
  <Page
    title="Parked events"
    lead="What a service could not handle is put aside with all later events of its key; other keys go on."
  >
    {CONTEXTS.map((context) => (
      <ParkedAt key={context} context={context} />
    ))}
  </Page>
);
