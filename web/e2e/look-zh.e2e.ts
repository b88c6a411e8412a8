import { it } from "vitest";
import { kPromise, lookAtAll } from "./look";

it(kPromise, { timeout: 600_000 }, () => lookAtAll("zh"));
