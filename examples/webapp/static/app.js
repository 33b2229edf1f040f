// call sends one JSON-RPC call to the service that this page came from.
async function call(method, params) {
  const response = await fetch("/api", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const reply = await response.json();
  if (reply.error) {
    throw Object.assign(new Error(reply.error.message), reply.error);
  }
  return reply.result;
}

// item shows an entry. Text goes in as text, so that an entry cannot be markup.
function item(entry) {
  const li = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = entry.name;
  const time = document.createElement("time");
  time.dateTime = entry.at;
  time.textContent = new Date(entry.at).toLocaleString();
  const text = document.createElement("p");
  text.textContent = entry.text;
  li.append(name, " ", time, text);
  return li;
}

const form = document.getElementById("sign");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.hidden = true;
  try {
    const entry = await call("guestbook.sign", Object.fromEntries(new FormData(form)));
    document.getElementById("entries").prepend(item(entry));
    form.reset();
  } catch (error) {
    const faults = error.data?.faults ?? [];
    problem.textContent = [error.message, ...faults.map((f) => `${f.path.slice(1)}: ${f.expected ?? f.rule}`)].join(" · ");
    problem.hidden = false;
  }
});
