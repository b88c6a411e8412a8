import "./ui/tokens.css";
import "./ui/base.css";
import { createRoot } from "react-dom/client";
import { makeQueryClient, prefetchCommon } from "@/api";
import { App } from "./app/App";
import { homePath, pageAt } from "./app/pages";
import { kAnybody } from "./state/page";

// How long the first drawing waits for the session, which is on its way already: longer than that is a slow line, and
// there is a frame to show.
const kWaitMs = 250;

const client = makeQueryClient();
const page = pageAt(location.pathname === "/" ? (homePath(kAnybody) ?? "/") : location.pathname);
void page?.load().catch(() => undefined);
const ready = prefetchCommon(client).then((session) => {
  if (session && !session.must_change_password && !session.second_factor_due) page?.prefetch?.(client);
});
void Promise.race([ready.catch(() => undefined), new Promise((resolve) => setTimeout(resolve, kWaitMs))]).then(() => createRoot(document.getElementById("root")!).render(<App client={client} />));
