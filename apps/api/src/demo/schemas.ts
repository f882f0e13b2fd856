import { Type } from 'typebox';

export const DemoRobots = Type.Object({
  robots: Type.Integer({ minimum: 0, description: 'demonstration robots running' }),
});
