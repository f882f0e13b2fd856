import { alerts } from './alerts';
import { apiKeys } from './api-keys';
import { app } from './app';
import { audit } from './audit';
import { auth } from './auth';
import { metrics } from './metrics';
import { pairing } from './pairing';
import { problems } from './problems';
import { robots } from './robots';
import { users } from './users';

export const en = { alerts, apiKeys, app, audit, auth, metrics, pairing, problems, robots, users };
