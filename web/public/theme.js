// Sets theme, density and language on <html> before the first paint. Loaded synchronously, so it stays tiny; the
// same keys are kept by src/state/settings.ts.
(function () {
  var root = document.documentElement;
  var get = function (key) {
    try {
      return localStorage.getItem("dealpace." + key);
    } catch (e) {
      return null;
    }
  };
  var theme = get("theme");
  var dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-theme", dark ? "dark" : "light");
  root.setAttribute("data-density", get("density") === "comfortable" ? "comfortable" : "dense");
  root.setAttribute("data-delta", get("deltaColours") || "default");
  var language = get("language");
  if (language !== "zh" && language !== "en") {
    language = "zh";
    var wanted = navigator.languages || [navigator.language || ""];
    for (var i = 0; i < wanted.length; i++) {
      var two = String(wanted[i]).slice(0, 2).toLowerCase();
      if (two === "zh" || two === "en") {
        language = two;
        break;
      }
    }
  }
  root.setAttribute("lang", language === "en" ? "en" : "zh-CN");
})();
