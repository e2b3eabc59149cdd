// What the leaderboard does where there is JavaScript: it follows the board live. Filters, paging and history are htmx's,
// by attributes in the page. Without this file everything still works, by ordinary links and forms.
(() => {
  "use strict";

  const FETCH_INTERVAL_MIN_MS = 1000;
  const FETCH_SPREAD_MS = 1500; // every open page is told at once, and they are not to ask at once
  const RECONNECT_MIN_MS = 3000;
  const RECONNECT_MAX_MS = 60000;
  const ANNOUNCE_INTERVAL_MIN_MS = 20000;
  const TIMES_INTERVAL_MS = 30000;
  const GLIDE_MS = 450;

  const byId = (id) => document.getElementById(id);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  document.documentElement.classList.add("js");

  // What is said here is said in the page's language, by the same catalogue: each text by its plural forms.

  const texts = JSON.parse(byId("texts").content);
  const plurals = new Intl.PluralRules(document.documentElement.lang);

  function say(code, parameters = {}) {
    const forms = texts[code];
    const form = forms[plurals.select(parameters.count ?? 0)] ?? forms.other;
    return form.replace(/\{(\w+)\}/g, (_, name) => parameters[name]);
  }

  // Live: one event stream says which version the board has; the rows are fetched again when it is another one.

  let source = null;
  let reconnectMs = RECONNECT_MIN_MS;
  let reconnectTimer = 0;
  let wanted = null; // the latest version that was told
  let fetchTimer = 0;
  let isFetching = false;
  let fetchedAt = -Infinity;
  let announcedAt = -Infinity;

  function show(state, text) {
    byId("live").hidden = false;
    byId("live").dataset.state = state;
    if (byId("live-text").textContent !== text) byId("live-text").textContent = text;
  }

  function connect() {
    clearTimeout(reconnectTimer);
    if (byId("board")?.dataset.past !== undefined) {
      disconnect();
      show("paused", say("site.live_past"));
      return;
    }
    if (source || document.hidden) return;
    show("waiting", say("site.live_connecting"));
    source = new EventSource("/events");
    source.addEventListener("board", (event) => {
      reconnectMs = RECONNECT_MIN_MS;
      show("live", say("site.live"));
      wanted = event.data;
      fetchSoon();
    });
    source.addEventListener("error", () => {
      show("waiting", say("site.live_reconnecting"));
      if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      disconnect();
      reconnectTimer = setTimeout(connect, reconnectMs * (1 + Math.random()));
      reconnectMs = Math.min(2 * reconnectMs, RECONNECT_MAX_MS);
    });
  }

  function disconnect() {
    source?.close();
    source = null;
    clearTimeout(reconnectTimer);
  }

  function fetchSoon() {
    if (byId("board")?.dataset.past !== undefined) return;
    if (isFetching || fetchTimer || document.hidden || !wanted || wanted === byId("board")?.dataset.version) return;
    const wait = Math.max(0, fetchedAt + FETCH_INTERVAL_MIN_MS - performance.now());
    fetchTimer = setTimeout(fetchRows, wait + Math.random() * FETCH_SPREAD_MS);
  }

  async function fetchRows() {
    fetchTimer = 0;
    const asked = wanted;
    isFetching = true;
    try {
      await htmx.ajax("GET", "/leaderboard/rows" + location.search, {
        source: "#board",
        target: "#board",
        select: "#board",
        swap: "outerMorph",
        push: "false",
        liveQuery: location.search,
      });
    } finally {
      isFetching = false;
      fetchedAt = performance.now();
    }
    if (wanted !== asked) fetchSoon();
  }

  addEventListener("pagehide", disconnect);
  addEventListener("pageshow", connect);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      disconnect();
      show("paused", say("site.live_paused"));
    } else {
      connect();
    }
  });

  // Before and after rows change: what moved is shown gently, and nothing else moves.

  let before = null;

  const rows = () => document.querySelectorAll("#board tbody tr");

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    before = null;
    if (ctx.liveQuery === undefined) return;
    // The answer of a moment ago is of no use when the filters were changed meanwhile, or the server has trouble.
    if (ctx.liveQuery !== location.search || ctx.response.status !== 200) {
      event.preventDefault();
      return;
    }
    const found = new Map();
    for (const row of rows()) {
      row.classList.remove("has-risen", "has-fallen");
      found.set(row.id, { rank: +row.dataset.rank, mmr: +row.dataset.mmr, top: row.getBoundingClientRect().top });
    }
    before = { rows: found, scroll: scrollY };
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const version = byId("board-version");
    if (version && byId("board")) version.textContent = byId("board").dataset.version;
    if (ctx.liveQuery === undefined) afterNavigation(ctx);
    else if (before) afterUpdate();
    before = null;
  });

  function afterUpdate() {
    if (scrollY !== before.scroll) scrollTo({ top: before.scroll, behavior: "instant" });
    let moved = 0;
    for (const row of rows()) {
      const old = before.rows.get(row.id);
      if (!old) continue;
      const rise = +row.dataset.mmr - old.mmr || old.rank - +row.dataset.rank;
      if (+row.dataset.mmr !== old.mmr) {
        row.classList.add(rise > 0 ? "has-risen" : "has-fallen");
        moved += 1;
      }
      const distance = old.top - row.getBoundingClientRect().top;
      if (distance && !calm.matches) {
        row.animate([{ transform: `translateY(${distance}px)` }, { transform: "none" }], {
          duration: GLIDE_MS,
          easing: "ease-out",
        });
      }
    }
    if (moved && performance.now() - announcedAt > ANNOUNCE_INTERVAL_MIN_MS) {
      announcedAt = performance.now();
      byId("announce").textContent = say("site.rows_changed", { count: moved });
    }
  }

  function afterNavigation(ctx) {
    // A box that was clicked keeps its tick when only the attribute is taken away; the new page is what counts.
    for (const box of document.querySelectorAll("#filters .pick")) box.checked = box.defaultChecked;
    for (const option of document.querySelectorAll("#time option")) option.selected = option.defaultSelected;
    if (byId("as-of")) byId("as-of").value = byId("as-of").defaultValue;
    connect();
    prepareCountries();
    byId("announce").textContent = byId("board-count")?.textContent ?? "";
    const found = document.querySelector(".is-found");
    const from = ctx.sourceElement;
    if (found && location.hash) {
      found.scrollIntoView({ block: "center" });
    } else if (from?.closest?.(".pager")) {
      byId("board-count")?.scrollIntoView({ block: "start" });
    }
    // A link that is gone (a chip, the last "next") takes the focus with it; the list that it changed is next best.
    if (document.activeElement === document.body) byId("board-count")?.focus({ preventScroll: true });
    fetchSoon();
  }

  // Times grow older while the page stays open. `Wording.ago` says the same on the server.

  function ago(then) {
    const minutes = Math.floor((Date.now() - then) / 60000);
    if (minutes < 1) return say("time.just_now");
    if (minutes < 60) return say("time.minutes_ago", { minutes });
    if (minutes < 24 * 60) return say("time.hours_ago", { hours: Math.floor(minutes / 60) });
    return null;
  }

  setInterval(() => {
    if (document.hidden || byId("board")?.dataset.past !== undefined) return;
    for (const time of document.querySelectorAll("#board time")) {
      const text = ago(Date.parse(time.dateTime));
      if (text && text !== time.textContent) time.textContent = text;
    }
  }, TIMES_INTERVAL_MS);

  // Countries: searching the long list, and closing it by Escape or a click elsewhere.

  let countryText = "";

  function prepareCountries() {
    const box = byId("country-search");
    if (!box) return;
    box.closest(".country-search").hidden = false;
    box.value = countryText;
    filterCountries();
  }

  function filterCountries() {
    const text = countryText.trim().toLocaleLowerCase();
    for (const choice of document.querySelectorAll(".country-choice")) {
      const isChosen = choice.firstElementChild.checked;
      choice.hidden = !isChosen && !choice.textContent.toLocaleLowerCase().includes(text);
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "country-search") return;
    countryText = event.target.value;
    filterCountries();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "country-search" && event.key === "Enter") event.preventDefault();
    const open = event.key === "Escape" && document.querySelector(".countries[open]");
    if (!open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  document.addEventListener("click", (event) => {
    const open = document.querySelector(".countries[open]");
    if (open && !open.contains(event.target)) open.open = false;
  });

  prepareCountries();
  connect();
})();
