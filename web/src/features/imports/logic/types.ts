import type { components } from "@/api/schema";

type Schemas = components["schemas"];
export type ImportJob = Schemas["ImportJob"];
export type Import = Schemas["Import"];
export type ImportColumn = Schemas["ImportColumn"];
export type ImportChange = Schemas["ImportChange"];
export type ImportResult = Schemas["ImportResult"];
export type Meaning = Schemas["ColumnMeaning"];
export type RefusedRow = Schemas["RefusedRow"];
export type RowPreview = Schemas["RowPreview"];
export type SavedMapping = Schemas["SavedMapping"];
export type Catalog = Schemas["Catalog"];
export type Org = Schemas["Org"];
export type State = ImportJob["state"];
export type Kind = ImportJob["kind"];
export type Problem = Schemas["Problem"];
