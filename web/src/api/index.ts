export * from "./client";
export * from "./error";
export * from "./hooks";
export * from "./org";
