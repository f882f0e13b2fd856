const $ = (selector) => document.querySelector(selector);
const say = (text) => ($('#message').textContent = text);
const linkSecret = location.hash.slice(1);
const page = location.pathname;
let token;

async function call(method, path, body) {
  const headers = {
    ...(body && { 'content-type': 'application/json' }),
    ...(token && { authorization: `Bearer ${token}` }),
  };
  const reply = await fetch(`/api${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = reply.status === 204 ? null : await reply.json();
  if (!reply.ok) throw new Error(answer.detail);
  return answer;
}

async function enter(signedIn) {
  token = signedIn.access_token;
  history.replaceState(null, '', '/');
  $('#sign-in').hidden = true;
  $('#fleet').hidden = false;
  const code = new URLSearchParams(location.search).get('code');
  if (code) $('#pair').code.value = code;
  await refresh();
  setInterval(() => refresh().catch((error) => say(error.message)), 5000);
  setInterval(async () => (token = (await call('POST', '/auth/refresh')).access_token), 600_000);
}

async function refresh() {
  const { items } = await call('GET', '/robots');
  $('#empty').hidden = items.length > 0;
  $('table').hidden = items.length === 0;
  const figure = (value, unit) => (value === null ? '–' : `${Math.round(value)} ${unit}`);
  $('tbody').replaceChildren(
    ...items.map(({ name, status, online, latest }) => {
      const row = document.createElement('tr');
      const state = status === 'active' ? (online ? 'online' : 'offline') : status;
      const cells = [
        name,
        state,
        figure(latest.cpu_percent, '%'),
        figure(latest.memory_percent, '%'),
        figure(latest.disk_percent, '%'),
        figure(latest.temperature_c, '°C'),
      ];
      row.append(...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })));
      return row;
    }),
  );
}

$('#sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(event.target));
  try {
    if (page === '/setup') await enter(await call('POST', '/auth/setup', { token: linkSecret, name, email, password }));
    else if (page === '/invitation')
      await enter(await call('POST', '/auth/invitation/accept', { token: linkSecret, password }));
    else await enter(await call('POST', '/auth/login', { email, password }));
    say('');
  } catch (error) {
    say(error.message);
  }
});

$('#pair').addEventListener('submit', async (event) => {
  event.preventDefault();
  const code = event.target.code.value;
  try {
    const robot = await call('GET', `/pair/${code}`);
    if (
      !confirm(
        `Pair ${robot.name} (${robot.hostname}, ${robot.architecture ?? 'unknown'}, ${robot.address}), which asked ${robot.age_s} s ago?`,
      )
    )
      return;
    await call('POST', `/pair/${code}/confirm`, {});
    say(`${robot.name} is paired.`);
    event.target.reset();
    await refresh();
  } catch (error) {
    say(error.message);
  }
});

if (page === '/setup') {
  $('#name-field').hidden = false;
  $('#sign-in button').textContent = 'Create administrator';
  $('#sign-in').hidden = false;
} else if (page === '/invitation') {
  const invitation = await call('POST', '/auth/invitation', { token: linkSecret }).catch((error) => say(error.message));
  if (invitation?.email) Object.assign($('#sign-in').email, { value: invitation.email, readOnly: true });
  $('#sign-in').hidden = !invitation?.email;
} else {
  await call('POST', '/auth/refresh').then(enter, () => ($('#sign-in').hidden = false));
}
