import { useLiveEvents } from '../api/live-events';
import { fetchOwnUser } from './queries';
import { useSession } from './session';

/** Keeps the name and role of the signed-in person current: an administrator may change them while the app is open. */
export function useCurrentUser(): void {
  const session = useSession();
  const { onEvent, onBack } = useLiveEvents();

  async function read(): Promise<void> {
    const before = session.user;
    // If it fails, the session or the server has ended, and the page says so anyway.
    const user = await fetchOwnUser().catch(() => undefined);
    if (!user || !session.user) return;
    // What was saved in the meantime may be newer.
    if (session.user === before) session.setUser(user);
    else await read();
  }
  onEvent(({ type }) => void (type === 'access_changed' && read()));
  onBack(() => void read());
}
