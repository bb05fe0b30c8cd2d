// The course page in JupyterLab: a panel at the right with the lab's tasks, and a tile in the launcher.
// Written as JupyterLab loads a prebuilt extension (a module federation container), so that nothing builds it.
"use strict";

(() => {
  let scope = null;

  // What JupyterLab itself has loaded, by its package's name.
  const shared = async (name) => (await Object.values(scope[name])[0].get())();

  // A notebook in the address is what was asked for; without one, JupyterLab opens on the map.
  const asked = /\/tree\/(.+)$/.test(location.pathname);

  // A page of the course. What it says of a notebook is opened here, and not by loading JupyterLab anew.
  const frame = (app, Widget, id, title, address) => {
    const page = document.createElement("iframe");
    page.src = address;
    page.title = title;
    page.style.cssText = "border:0;width:100%;height:100%";
    page.addEventListener("load", () => page.contentDocument.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-notebook]");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      app.commands.execute("docmanager:open", { path: link.dataset.notebook });
    }));
    const widget = new Widget();
    widget.id = id;
    widget.node.appendChild(page);
    widget.title.label = title;
    widget.title.caption = "The course: tasks, the way back, your account";
    return widget;
  };

  const plugin = (Widget, ILauncher, ICommandPalette, base) => ({
    id: "cloudlings:course",
    autoStart: true,
    optional: [ILauncher, ICommandPalette],
    activate: (app, launcher, palette) => {
      const panel = frame(app, Widget, "cloudlings-panel", "Course", `${base}course/now`);
      app.shell.add(panel, "right", { rank: 100 });
      // The panel goes with the notebook: work/<lab>/<lab>.ipynb is its lab's.
      let lab = "";
      if (app.shell.currentChanged) app.shell.currentChanged.connect((_, change) => {
        const open = change.newValue && change.newValue.context && change.newValue.context.path;
        const found = /^(\d{3}(?:-[a-z0-9]+)+)\//.exec(open || "");
        if (!found) return;
        beside();
        if (found[1] === lab) return;
        lab = found[1];
        panel.node.firstChild.src = `${base}course/labs/${lab}`;
      });
      // Beside the first notebook where there is room; afterwards as its reader leaves it.
      let restored = false;
      const beside = () => {
        if (!restored || window.innerWidth < 1200 || localStorage.getItem("cloudlings-panel")) return;
        localStorage.setItem("cloudlings-panel", "shown");
        app.shell.activateById(panel.id);
      };
      const command = "cloudlings:map";
      let map = null;
      app.commands.addCommand(command, {
        label: "Map of the course",
        caption: "Where you are in the course",
        execute: () => {
          if (!map || map.isDisposed) {
            map = frame(app, Widget, "cloudlings-map", "The course", `${base}course/`);
            map.title.closable = true;
            app.shell.add(map, "main");
          }
          app.shell.activateById(map.id);
        },
      });
      if (launcher) launcher.add({ command, category: "Course", rank: 0 });
      if (palette) palette.addItem({ command, category: "Course" });
      app.restored.then(() => {
        restored = true;
        if (asked) beside();
        else app.commands.execute(command);
      });
    },
  });

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB.cloudlings = {
    init: (given) => { scope = given; },
    get: async () => {
      const [{ Widget }, { ILauncher }, { ICommandPalette }, { PageConfig }] = await Promise.all(
        ["@lumino/widgets", "@jupyterlab/launcher", "@jupyterlab/apputils", "@jupyterlab/coreutils"].map(shared));
      const made = plugin(Widget, ILauncher, ICommandPalette, PageConfig.getBaseUrl());
      return () => ({ __esModule: true, default: made });
    },
  };
})();
