// What cannot wait for the application: theme, density and language on <html> before the first paint (the same keys
// are kept by src/state/settings.ts), and the questions that every page begins with, on their way while the application
// is still being loaded (src/api/client.ts takes the answers). Loaded synchronously, so it stays tiny.
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

  var ask = function (path) {
    return fetch(path, { credentials: "same-origin", headers: { "Accept-Language": root.lang } });
  };
  var early = (window.dealpaceEarly = {});
  var session = (early["/api/v1/session"] = ask("/api/v1/session"));
  // Nobody is signed in: the rest would only be refused.
  var next = function (path) {
    early[path] = session.then(function (answer) {
      return answer.ok ? ask(path) : Promise.reject(answer.status);
    });
    early[path].catch(function () {});
  };
  session.catch(function () {});
  early["/api/v1/session/ways"] = session.then(function (answer) {
    return answer.status === 401 ? ask("/api/v1/session/ways") : Promise.reject(answer.status);
  });
  early["/api/v1/session/ways"].catch(function () {});
  next("/api/v1/catalog");
  next("/api/v1/org");
})();
