import { Link } from 'react-router';
import { Page } from '../ui/index.js';

export const NowherePage = () => (
  <Page title="There is no such page">
    <p>
      The address may be of something that was deleted. <Link to="/dashboard/connections">Go to the connections</Link>
    </p>
  </Page>
);
