// The demo page: a small shop with a shelf, products, a cart and orders. What happens in it is told to the assistant as a
// real shop's page would tell it. The chat is the widget's business, the stage beside the shop is demo-stage.js'.
import { make } from "/widget.js";
import { picture } from "/assets/demo-picture.js";
import { LANGUAGE, T } from "/assets/demo-words.js";
import { canReport, report, startStage, tell } from "/assets/demo-stage.js";

const byId = (id) => document.getElementById(id);
const chat = byId("chat");
const CART = "warmdesk demo cart";
const SHOWN_AT_FIRST = 12;
const shop = { demo: null, customer: null, products: new Map(), all: false, cart: read(CART) ?? [], seen: new Map(), view: "" };

function read(name) {
  try { return JSON.parse(sessionStorage.getItem(name)); } catch { return null; }
}
function keepCart() {
  sessionStorage.setItem(CART, JSON.stringify(shop.cart));
  const count = shop.cart.reduce((sum, line) => sum + line.quantity, 0);
  byId("cart-count").textContent = String(count);
  byId("cart-count").hidden = count === 0;
}
function toast(text) {
  byId("toast").textContent = text;
  byId("toast").hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { byId("toast").hidden = true; }, 2500);
}
const button = (kind, text, onclick) => make("button", { type: "button", class: kind, onclick }, text);
const money = (text) => (text ? `¥${text}` : "");

// The shelf and a product.

function shelf() {
  const hero = make("section", { class: "hero" }, make("h1", {}, T.heroTitle), make("p", {}, T.heroText), button("main", T.heroAsk, () => chat.show()));
  const products = [...shop.products.values()];
  const shown = shop.all ? products : products.slice(0, SHOWN_AT_FIRST);
  const more = shown.length < products.length ? button("second more-button", T.more, () => { shop.all = true; draw(); }) : null;
  return [hero, products.length ? make("h2", {}, T.shelfTitle) : null, make("div", { class: "shelf" }, ...shown.map(card)), more];
}

function card(product) {
  return make(
    "a", { class: "card", href: `#/product/${encodeURIComponent(product.id)}` },
    picture(product.id, product.title),
    make("span", { class: "title" }, product.title),
    make("span", { class: "price" }, money(product.price)),
  );
}

function detail(id) {
  const product = shop.products.get(id);
  if (!product) return [make("p", { class: "empty" }, T.notFound)];
  const facts = (product.attributes ?? []).flatMap(({ name, value }) => [make("dt", {}, name), make("dd", {}, value)]);
  return [
    make("a", { class: "back", href: "#/" }, `← ${T.back}`),
    make(
      "article", { class: "detail" },
      picture(product.id, product.title),
      make(
        "div", { class: "words" },
        make("h1", {}, product.title),
        make("p", { class: "price large" }, money(product.price)),
        Number.isFinite(product.stock) ? make("p", { class: product.stock > 0 ? "stock" : "stock none" }, T.stock(product.stock)) : null,
        make("div", { class: "pair" }, button("main", T.add, () => addToCart(product)), button("second", T.askThis, () => chat.show())),
        make("p", { class: "about" }, T.seen(shop.seen.get(id) ?? 1)),
        product.description ? make("p", { class: "description" }, product.description) : null,
        facts.length ? make("dl", { class: "facts" }, ...facts) : null,
      ),
    ),
  ];
}

// The cart.

function addToCart(product) {
  const line = shop.cart.find((one) => one.id === product.id);
  if (line) line.quantity += 1;
  else shop.cart.push({ id: product.id, quantity: 1 });
  keepCart();
  toast(T.added);
  tell("cart_added", { product: product.id });
}

function cart() {
  const lines = shop.cart.map((line) => ({ ...line, product: shop.products.get(line.id) })).filter(({ product }) => product);
  if (!lines.length) return [make("h1", {}, T.cartTitle), make("p", { class: "empty" }, T.cartEmpty)];
  const total = lines.reduce((sum, { product, quantity }) => sum + Number(product.price) * quantity, 0);
  const remove = (id) => { shop.cart = shop.cart.filter((line) => line.id !== id); keepCart(); draw(); };
  const leave = () => { location.hash = "#/"; toast(T.left); };
  return [
    make("h1", {}, T.cartTitle),
    make("ul", { class: "list" }, ...lines.map(({ product, quantity }) => make(
      "li", { class: "line" }, picture(product.id, product.title),
      make("a", { class: "title", href: `#/product/${encodeURIComponent(product.id)}` }, product.title),
      make("span", { class: "about" }, T.pieces(quantity)), make("span", { class: "price" }, money(product.price)),
      button("plain", T.remove, () => remove(product.id)),
    ))),
    make("p", { class: "sum" }, `${T.total} `, make("b", { class: "price large" }, money(total.toFixed(2)))),
    make("div", { class: "pair end" }, button("second", T.leave, leave)),
    make("p", { class: "about end" }, T.payNote),
  ];
}

/** Going away from a filled cart is told once for each time: a shop knows it when the page is left. */
function leftCart() {
  for (const { id } of shop.cart.slice(0, 3)) tell("cart_left", { product: id });
}

// The orders of whoever is signed in.

/** What the shop's system would have reported of an order as it stands: rules read the records too. */
const REPORTED = { unpaid: "order_placed", paid: "order_paid", processing: "order_paid", shipped: "order_shipped", in_transit: "order_shipped", arrived: "shipment_event", delivered: "order_delivered" };

function orders() {
  const found = shop.customer?.orders ?? [];
  const none = !shop.customer ? T.ordersVisitor : found.length ? null : T.ordersNone;
  return [
    make("h1", {}, T.ordersTitle),
    none ? make("p", { class: "empty" }, none) : null,
    make("ul", { class: "list" }, ...found.map(order)),
    found.length && !canReport() ? make("p", { class: "about" }, T.eventNote) : null,
  ];
}

function order(one) {
  const type = REPORTED[one.status];
  const ask = () => { chat.context({ order: one.id, product: one.product }); chat.setAttribute("starters", T.orderStarters); chat.show(); };
  return make(
    "li", { class: "order" },
    make("div", { class: "head" }, make("span", { class: "about" }, one.id), make("span", { class: `state ${one.status}` }, one.status_text || one.status)),
    make("div", { class: "line" }, picture(one.product ?? one.id, one.title), make("span", { class: "title" }, one.title), make("span", { class: "price" }, money(one.total))),
    make(
      "div", { class: "pair end" },
      one.placed_at ? make("span", { class: "about" }, `${T.placed} ${one.placed_at.slice(0, 16).replace("T", " ")}`) : null, make("span", { class: "space" }),
      STEPS[one.status] ? button("plain", T.steps[STEPS[one.status]], () => leadOn(one)) : null,
      type && canReport() ? button("plain", T.report(T.events[type]), () => happens(one, type)) : null, button("second", T.askOrder, ask),
    ),
  );
}

/** What leads an order on from where it stands, as the shop's own system does it. */
const STEPS = { unpaid: "pay", paid: "send", processing: "send", shipped: "arrive", in_transit: "arrive", arrived: "arrive" };

async function leadOn(one) {
  const answer = await fetch(`/demo/orders/${encodeURIComponent(one.id)}/next`, { method: "POST" }).catch(() => null);
  if (!answer?.ok) {
    toast(T.stepFailed);
    return;
  }
  Object.assign(one, await answer.json());
  draw();
}

/** Reports, as the shop's own system would, what happens to an order. */
async function happens(one, type) {
  try {
    await report(type, { customer: shop.customer.id, order: one.id, product: one.product ?? undefined });
    toast(T.reported);
  } catch (error) {
    toast(T.reportFailed + error.message);
  }
}

// Which page is shown, and who looks at it.

function draw() {
  const [, name = "", id = ""] = location.hash.split("/");
  const product = name === "product" ? decodeURIComponent(id) : null;
  const views = { "": shelf, product: () => detail(product), cart, orders };
  byId("view").replaceChildren(...(views[name] ?? shelf)().flat().filter(Boolean));
  for (const link of byId("links").querySelectorAll("a")) {
    if (link.hash === `#/${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function go() {
  const [, name = "", id = ""] = location.hash.split("/");
  if (shop.view === "cart" && name !== "cart") leftCart();
  shop.view = name;
  const product = name === "product" && shop.products.has(decodeURIComponent(id)) ? decodeURIComponent(id) : null;
  chat.context({ product, order: null });
  chat.setAttribute("starters", product ? T.productStarters : ownQuestions().slice(0, 3).join("|"));
  if (product) {
    shop.seen.set(product, (shop.seen.get(product) ?? 0) + 1);
    tell("product_viewed", { product });
  }
  draw();
  scrollTo(0, 0);
}

function ownQuestions() {
  const own = shop.customer?.questions ?? [];
  return own.length ? own : (shop.demo?.questions ?? T.questions);
}

function talkAs(id) {
  shop.customer = shop.demo?.customers.find((customer) => customer.id === id) ?? null;
  byId("about").textContent = shop.customer ? shop.customer.about : T.visitorAbout;
  byId("questions").replaceChildren(...ownQuestions().map((text) => button("chip", text, () => chat.ask(text))));
  chat.identify(shop.customer && { customer: shop.customer.id, signature: shop.customer.signature });
  chat.setAttribute("starters", ownQuestions().slice(0, 3).join("|"));
  draw();
}

function words() {
  document.documentElement.lang = LANGUAGE;
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = T[element.dataset.t];
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", T[element.dataset.label]);
  byId("language").textContent = T.other;
  byId("language").addEventListener("click", () => { location.search = LANGUAGE === "en" ? "" : "?lang=en"; });
}

async function start() {
  words();
  chat.setAttribute("lang", LANGUAGE);
  const config = await fetch("/demo.json").then((response) => response.json()).catch(() => ({ shop: "Warmdesk", demo: null }));
  byId("shop").textContent = config.shop;
  document.title = `${config.shop} · ${T.suffix}`;
  chat.setAttribute("heading", config.shop);
  shop.demo = config.demo;
  for (const product of config.demo?.products ?? []) shop.products.set(product.id, product);
  byId("customer").append(make("option", { value: "" }, T.visitor), ...(config.demo?.customers ?? []).map((one) => make("option", { value: one.id }, one.name)));
  byId("identity").hidden = !config.demo?.customers.length;
  byId("customer").addEventListener("change", (event) => talkAs(event.target.value));
  startStage({ chat, system: Boolean(config.demo?.system), zone: config.zone, demo: Boolean(config.demo), changed: draw });
  keepCart();
  talkAs("");
  addEventListener("hashchange", go);
  go();
}

start();
