import { accessTests } from './access-tests.ts';
import { browserTests } from './browser-tests.ts';
import { chartTests } from './chart-tests.ts';
import { filterTests } from './filter-tests.ts';
import { useKnownSuperset } from './known-superset.ts';
import { linkTests } from './link-tests.ts';
import { setUpTests } from './set-up-tests.ts';

const known = useKnownSuperset();

chartTests(known);
filterTests(known);
browserTests(known);
linkTests(known);
accessTests(known);
setUpTests(known);
