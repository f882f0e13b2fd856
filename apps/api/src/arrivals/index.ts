export { ArrivalRecorder } from './arrival-recorder.ts';
export { deleteArrivals } from './arrival-store.ts';
export { RecentWindows } from './recent-windows.ts';
export { deleteUnwatched } from './watched-field-store.ts';
