// Talking to the page's server.

async function answered(response) {
  const body = await response.json().catch(() => ({ error: response.statusText }));
  if (!response.ok) throw new Error(body.error || response.statusText);
  return body;
}

export async function get(name, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value);
  return answered(await fetch(`/api/${name}?${new URLSearchParams(given)}`));
}

export async function post(name, body) {
  const headers = { "Content-Type": "application/json" };
  return answered(await fetch(`/api/${name}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

// Sends a file as it is; answers what became of it.
export async function upload(query, file) {
  const headers = { "Content-Type": "application/octet-stream" };
  return answered(await fetch(`/api/upload?${new URLSearchParams(query)}`, { method: "POST", headers, body: file }));
}

// Tells every change that the person can see. `ready` is also called after a lost connection has come back.
export function follow(person, told) {
  return listen(`/api/changes?${new URLSearchParams({ person })}`, told);
}

// Tells every webhook that arrives, in the same way.
export function arrivals(told) {
  return listen("/api/webhooks/changes", told);
}

function listen(address, { ready, changed, lost }) {
  const stream = new EventSource(address);
  stream.addEventListener("ready", ready);
  stream.addEventListener("message", (event) => changed(JSON.parse(event.data)));
  stream.addEventListener("error", lost);
  return () => stream.close();
}
