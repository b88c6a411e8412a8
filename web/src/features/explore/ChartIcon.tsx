import { ChartLine, ChartNoAxesColumn, Grid3x3, Table2 } from "lucide-react";
import type { ChartKind } from "./logic/state";

const kIcons = { line: ChartLine, bar: ChartNoAxesColumn, heat: Grid3x3, table: Table2 } as const;

export function ChartIcon({ kind }: { kind: ChartKind }) {
  const Icon = kIcons[kind];
  return <Icon size={14} strokeWidth={1.8} aria-hidden />;
}
