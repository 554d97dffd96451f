import { Link } from 'react-router';
import { Empty, Loaded, Page } from '../ui/index.js';
import { useConnectable } from './accounts.queries.js';

export function ChooseConnectionPage() {
  const connectable = useConnectable();
  return (
    <Page title="Connect an account" lead="Choose the service where you have the account.">
      <Loaded query={connectable} what="Services">
        {(connections) =>
          connections.length === 0 ? (
            <Empty title="No service can be connected from this page">
              <p>
                An administrator decides which: a connection is offered here once it is enabled for the application
                “Strongroom” (<code>strongroom-dashboard</code>). Applications may offer more by themselves.
              </p>
            </Empty>
          ) : (
            <ul className="cards">
              {connections.map(({ name }) => (
                <li className="card" key={name}>
                  <Link to={`/account/connect/${encodeURIComponent(name)}`}>{name}</Link>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Page>
  );
}
