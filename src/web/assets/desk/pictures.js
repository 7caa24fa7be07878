// Pictures and files of messages: small in the conversation, large when asked for.
import { OWN_PICTURE, pictureSource } from "/assets/desk/api.js";
import { icon, iconButton, make } from "/assets/desk/dom.js";
import { t } from "/assets/desk/words.js";

/**
 * One attachment. Pictures this server keeps are shown at once. An address elsewhere was written by a customer and would
 * tell that host that somebody looks, so that it is only loaded when the agent asks for it.
 */
export function attachment(file) {
  const isPicture = file.type === "image";
  if (isPicture && OWN_PICTURE.test(file.url)) return thumbnail(file.url);
  const host = hostOf(file.url);
  const name = t(`file.${["image", "video", "audio"].includes(file.type) ? file.type : "file"}`);
  const load = isPicture && host ? make("button", { type: "button", class: "link", onclick: (event) => event.target.closest(".file").replaceWith(thumbnail(file.url)) }, t("file.load")) : null;
  const link = host ? make("a", { class: "link", href: file.url, target: "_blank", rel: "noopener noreferrer" }, t("file.open")) : null;
  return make("span", { class: "file", title: file.url }, icon(isPicture ? "picture" : "file"), make("span", {}, name, make("small", {}, host ?? file.url)), load, link);
}

/** The host of an address a browser may open; anything but http and https is shown as text only. */
function hostOf(url) {
  try {
    const parsed = new URL(url, location.origin);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.host : null;
  } catch {
    return null;
  }
}

function thumbnail(url) {
  const image = make("img", { alt: t("file.picture"), loading: "lazy", referrerpolicy: "no-referrer" });
  const button = make("button", { type: "button", class: "thumbnail", "data-test": "picture", "aria-label": t("file.enlarge"), onclick: () => enlarge(image.src) }, image);
  const broken = () => button.replaceWith(make("span", { class: "file" }, icon("picture"), t("file.broken")));
  image.addEventListener("error", broken);
  pictureSource(url).then((source) => { image.src = source; }, broken);
  return button;
}

function enlarge(source) {
  const dialog = make("dialog", { class: "lightbox", "aria-label": t("file.picture") });
  const close = iconButton("close", t("close"), () => dialog.close());
  dialog.append(close, make("img", { src: source, alt: t("file.picture"), referrerpolicy: "no-referrer" }));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
