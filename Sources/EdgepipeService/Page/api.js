// Asks the service. Addresses are relative, so that a proxy's base path stays in front of them.

/** A refusal, in the service's own words. */
export class Refusal extends Error {
  constructor(status, problem) {
    super([problem.detail ?? `the service answered with ${status}`, problem.remedy].filter(Boolean).join(": "));
    this.status = status;
  }
}

const listeners = new Set();
/** Called when the service wants a token that this page does not have. */
export const onSignedOut = listener => listeners.add(listener);
export const signedOut = () => { for (const listener of listeners) listener(); };

const escaped = encodeURIComponent;
export const paths = {
  pipeline: (name, rest = "") => `v1/pipelines/${escaped(name)}${rest}`,
  stage: (name, stage) => `v1/pipelines/${escaped(name)}/stages/${escaped(stage)}`,
  file: file => `v1/pipelines/${escaped(file.pipeline)}/files/${file.id}`,
  filePicture: file => `v1/pipelines/${escaped(file.pipeline)}/files/${file.id}/picture`,
};

/** The answer as an object; null where it has none. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const response = await fetch(path, {
    method, signal, body: body && JSON.stringify(body), headers: body ? { "Content-Type": "application/json" } : {},
  });
  if (response.ok) return response.status === 204 ? null : response.json();
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "v1/session") signedOut();
  throw new Refusal(response.status, problem);
}
