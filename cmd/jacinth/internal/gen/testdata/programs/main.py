import socket
import sys

import shop

url, token = sys.argv[1:]
client = shop.ShopClient(url, token=lambda: token)

found = client.items.find(query="anvil", tags=["heavy", "black"], color="dark-blue")
one = found["items"][0]
assert one["id"] == 2**64 - 1
print("found:", one["name"], int(one["price"]), one["size"]["width"], one["added"])
print("next:", found["next"])
print("color:", one.get("color"))

item: shop.Item = {"id": 1, "name": "anvil", "price": 9.5, "added": one["added"], "size": {"width": 1}}
added = client.items.add(item=item)
print("added:", added["name"], added["price"])
try:
    client.items.add(item={**item, "name": ""})
except shop.RpcError as error:
    assert error.code == shop.CODE_OUT_OF_STOCK
    print("error:", error.code, error.message, error.data["left"])

for counts in client.orders.place(itemId=4, count=2), client.orders.place(itemId=4, count=2, type="gift"):
    print(f"order: {counts['item']:g} {counts['count']:g}" + (" gift" if "gift" in counts else ""))

categories = client.categories()
print("categories:", categories["name"], categories["parts"][0]["name"])
twig: shop.Category = {"name": "twig", "parts": []}
tree: shop.Category = {"name": "root", "parts": [{"name": "leaf", "parts": [twig]}]}
for turned in client.tree.turn(tree=tree), client.tree.turn(tree=tree, order="down", depth=3), client.tree.turn(tree=tree, order="down", depth=None):
    assert "above" in turned and "above" not in turned["above"]
    leaf = turned["parts"][0]
    print("tree:", turned["name"], turned["above"]["name"], leaf["name"], leaf["parts"][0]["name"])
print("hello:", client.say_hello(from_="me"))
client.ping()
print("ping")
print("echo:", client.echo(value='ü"\\'))
client.log_event(text="python")

try:
    shop.ShopClient(url).items.add(item=item)
except shop.RpcError as error:
    print("denied:", error.code)
try:
    shop.ShopClient(url.removesuffix("api")).ping()
except shop.TransportError as error:
    if error.status == 404:
        print("refused")
with socket.create_server(("127.0.0.1", 0)) as silent:
    try:
        shop.ShopClient(f"http://127.0.0.1:{silent.getsockname()[1]}/api", timeout=0.01).ping()
    except shop.TransportError as error:
        print("timeout")
