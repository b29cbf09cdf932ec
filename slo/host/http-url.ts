/** Says what keeps a text from being the address of a service: an http(s) URL without credentials and query. */
export function httpUrlProblem(text: string): string | undefined {
  const parsed = URL.parse(text);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) return "must be a URL such as http://127.0.0.1:5000";
  if (parsed.username !== "" || parsed.password !== "")
    return "must hold no credentials: they are read from the environment, never from a URL (see --help)";
  if (parsed.search !== "" || parsed.hash !== "") return "must end before any ? or #";
  return undefined;
}
