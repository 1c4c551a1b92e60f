import { Empty } from '../parts/loading';
import { Page } from '../parts/page';
import { Link } from '../router';

export function NotFound() {
  return (
    <Page title="There is no such page">
      <Empty icon="search" title="Nothing is at this address.">
        <Link to="/">Go to Integrations</Link>
      </Empty>
    </Page>
  );
}
