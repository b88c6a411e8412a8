import { describe, expect, it } from "vitest";
import { kBytesMax, nameOf, refusalOf, shapeOf, typeName } from "./logic";

describe("a file before it is sent", () => {
  it("is refused where it is empty, too large, or its name too long", () => {
    expect(refusalOf({ name: "a.pdf", size: 0 })).toBe("empty");
    expect(refusalOf({ name: "a.pdf", size: kBytesMax })).toBeNull();
    expect(refusalOf({ name: "a.pdf", size: kBytesMax + 1 })).toBe("large");
    expect(refusalOf({ name: "合".repeat(195), size: 1 })).toBeNull();
    expect(refusalOf({ name: "合".repeat(196), size: 1 })).toBe("name");
  });
  it("gets its time as a name where the camera gives all the same", () => {
    const now = new Date(2026, 10, 26, 9, 5, 7);
    expect(nameOf({ name: "image.jpg", type: "image/jpeg" }, now)).toBe("2026-11-26 090507.jpg");
    expect(nameOf({ name: "image.PNG", type: "image/png" }, now)).toBe("2026-11-26 090507.png");
    expect(nameOf({ name: "blob", type: "image/jpeg" }, now)).toBe("2026-11-26 090507.jpg");
    expect(nameOf({ name: "IMG_2041.jpg", type: "image/jpeg" }, now)).toBe("IMG_2041.jpg");
    expect(nameOf({ name: "驾驶证.jpg", type: "image/jpeg" }, now)).toBe("驾驶证.jpg");
  });
  it("has a shape and a name of its kind", () => {
    expect(shapeOf("image/heic")).toBe("picture");
    expect(shapeOf("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")).toBe("sheet");
    expect(shapeOf("application/pdf")).toBe("pdf");
    expect(shapeOf("text/plain")).toBe("text");
    expect(typeName("application/vnd.openxmlformats-officedocument.wordprocessingml.document")).toBe("Word");
  });
});
