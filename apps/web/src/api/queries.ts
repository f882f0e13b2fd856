import { api, dataOf } from './client';

export const serverKeys = { all: ['server'] as const };

export const fetchServer = () => dataOf(api.GET('/api/server'));
