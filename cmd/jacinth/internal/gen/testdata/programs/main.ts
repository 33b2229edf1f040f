import { ErrorCode, RpcError, ShopClient, TransportError, type Category, type Item } from "./shop.js";

declare const process: { argv: string[] };

const url = process.argv[2]!;
const shop = new ShopClient(url, { token: () => Promise.resolve(process.argv[3]!) });

const found = await shop.items.find({ query: "anvil", tags: ["heavy", "black"], color: "dark-blue" });
const one = found.items[0]!;
console.log("found:", one.name, one.price, one.size.width, one.added);
console.log("next:", found.next);
console.log("color:", one.color);

const item: Item = { id: 1, name: "anvil", price: 9.5, added: one.added, size: { width: 1 } };
const added = await shop.items.add({ item });
console.log("added:", added.name, added.price);
try {
  await shop.items.add({ item: { ...item, name: "" } });
} catch (error) {
  if (!(error instanceof RpcError) || error.code !== ErrorCode.outOfStock) throw error;
  console.log("error:", error.code, error.message, (error.data as { left: number }).left);
}

const orders = [await shop.orders.place({ itemId: 4, count: 2 }), await shop.orders.place({ itemId: 4, count: 2, type: "gift" })];
for (const counts of orders) {
  console.log(`order: ${counts["item"]} ${counts["count"]}${counts["gift"] ? " gift" : ""}`);
}

const all = await shop.categories();
console.log("categories:", all.name, all.parts[0]!.name);
const tree: Category = { name: "root", parts: [{ name: "leaf", parts: [{ name: "twig", parts: [] }] }] };
for (const turned of [
  await shop.tree.turn({ tree }),
  await shop.tree.turn({ tree, order: "down", depth: 3 }),
  await shop.tree.turn({ tree, order: "down", depth: null }),
]) {
  const leaf = turned.parts[0]!;
  console.log("tree:", turned.name, turned.above!.name, leaf.name, leaf.parts[0]!.name);
}
console.log("hello:", await shop.sayHello({ from: "me" }));
await shop.ping();
console.log("ping");
console.log("echo:", await shop.echo({ value: 'ü"\\' }));
await shop.logEvent({ text: "ts" });

try {
  await new ShopClient(url).items.add({ item });
} catch (error) {
  if (error instanceof RpcError) console.log("denied:", error.code);
}
try {
  await new ShopClient(url.replace(/api$/, "")).ping();
} catch (error) {
  if (error instanceof TransportError && error.status === 404) console.log("refused");
}
try {
  await shop.ping({ signal: AbortSignal.abort() });
} catch (error) {
  if (error instanceof TransportError) console.log("timeout");
}
