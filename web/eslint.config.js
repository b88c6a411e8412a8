import { readdirSync } from "node:fs";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// app → features → ui, api, state, i18n. A feature never imports another one, and what is shared never imports a feature.
const features = readdirSync(new URL("./src/features", import.meta.url), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const forbid = (...patterns) => ({
  "no-restricted-imports": ["error", { patterns }],
});

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts", "public"] },
  ...tseslint.configs.recommended,
  jsxA11y.flatConfigs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-console": "error",
      "no-eval": "error",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "jsx-a11y/no-autofocus": "off",
    },
  },
  {
    files: ["src/{ui,api,state,i18n}/**/*.{ts,tsx}"],
    rules: forbid({ group: ["@/features/*", "@/app/*", "**/features/**", "../app/**"], message: "What is shared knows neither features nor app." }),
  },
  ...features.map((name) => ({
    files: [`src/features/${name}/**/*.{ts,tsx}`],
    rules: forbid({
      group: [
        "@/app/*",
        ...features.filter((other) => other !== name).flatMap((other) => [`@/features/${other}`, `@/features/${other}/*`, `**/../${other}/**`]),
      ],
      message: "Features do not import each other; app composes them.",
    }),
  })),
);
