import { useTestApi } from '../support/test-api.ts';
import { rollupsContract } from './rollups-contract.ts';

rollupsContract(useTestApi({ ROLLUP_DELAY: '10' }));
