// Lists, keeps, shows and deletes buckets by the storage API behind /api. What the API gives is written as text only.
(() => {
  "use strict";
  const longestShown = 10_000;
  const part = (id) => document.getElementById(id);
  const [rows, more, status, contents] = ["buckets", "more", "status", "contents"].map(part);

  const say = (text, failed = false) => {
    status.textContent = text;
    status.classList.toggle("failed", failed);
  };

  /** Asks the API; throws with the status and the reason that it gives. */
  const ask = async (path, options) => {
    const answer = await fetch(path, options);
    if (answer.ok) return answer;
    const { error } = await answer.json().catch(() => ({}));
    throw new Error(`${answer.status}: ${error ?? answer.statusText}`);
  };

  const urlOf = (id) => {
    // A browser takes these for steps in a path, however they are written.
    if (id === "." || id === "..") throw new Error(`a browser cannot ask for the id "${id}"`);
    return `/api/buckets/${encodeURIComponent(id)}`;
  };

  /** Does something that may fail, and says how it went. */
  const attempt = async (words, act) => {
    say("…");
    try {
      await act();
      say(words);
    } catch (error) {
      say(error.message, true);
    }
  };

  const button = (words, label, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };

  const show = async (id) => {
    const bytes = new Uint8Array(await (await ask(urlOf(id))).arrayBuffer());
    const [title, text] = contents.children;
    title.textContent = id;
    try {
      const whole = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
      text.textContent = whole.length > longestShown ? `${whole.slice(0, longestShown)}…` : whole;
    } catch {
      text.textContent = `${bytes.length} bytes that are no text`;
    }
    contents.hidden = false;
  };

  const rowOf = ({ id, bytes }) => {
    const row = document.createElement("tr");
    const [name, size, acts] = [0, 1, 2].map(() => row.insertCell());
    name.textContent = id;
    size.textContent = String(bytes);
    acts.append(
      button("Show", `Show ${id}`, () => attempt(`"${id}" was fetched`, () => show(id))),
      " ",
      button("Delete", `Delete ${id}`, () =>
        attempt(`"${id}" was deleted`, async () => {
          await ask(urlOf(id), { method: "DELETE" });
          contents.hidden = true;
          await list();
        }),
      ),
    );
    return row;
  };

  let next = null;
  const list = async (after) => {
    const page = await (await ask(after === undefined ? "/api/buckets" : `/api/buckets?after=${encodeURIComponent(after)}`)).json();
    if (after === undefined) rows.replaceChildren();
    rows.append(...page.buckets.map(rowOf));
    part("none").hidden = rows.children.length > 0;
    next = page.next;
    more.hidden = next === null;
  };

  more.addEventListener("click", () => attempt("", () => list(next)));
  part("put").addEventListener("submit", (event) => {
    event.preventDefault();
    const id = part("id").value;
    void attempt(`"${id}" was kept`, async () => {
      await ask(urlOf(id), { method: "PUT", body: part("file").files[0] ?? part("text").value });
      event.target.reset();
      await list();
    });
  });

  void attempt("", () => list());
})();
