export * from "./changes";
export * from "./client";
export * from "./error";
export * from "./figures";
export * from "./hooks";
export * from "./org";
