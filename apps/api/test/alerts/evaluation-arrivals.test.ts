import { useTestApi } from '../support/test-api.ts';
import { evaluationContract } from './evaluation-contract.ts';

evaluationContract(useTestApi(), { watchesAtOnce: true });
