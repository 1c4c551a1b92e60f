import { Empty } from '../parts/loading';
import { Page } from '../parts/page';
import { Link } from '../router';

export function NotFound() {
  return (
    <Page title="Page not found">
      <Empty icon="search" title="This address does not exist.">
        <Link to="/">Go to Integrations</Link>
      </Empty>
    </Page>
  );
}
