// Everything but the charts (ui/Chart), which must stay in chunks of their own.
export * from "./Brand";
export * from "./Button";
export * from "./Combobox";
export * from "./DataTable";
export * from "./Figure";
export * from "./FileDrop";
export * from "./form";
export * from "./format";
export * from "./hooks";
export * from "./marks";
export * from "./overlay";
export * from "./panel";
export * from "./Toast";
export * from "./tooltip";
