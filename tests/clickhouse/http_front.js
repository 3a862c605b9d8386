// ClickHouse's HTTP interface, as far as Liftmark uses it, in front of ClickHouse in this process (npm package chdb).
// Usage: node http_front.js PORT FOLDER
const http = require("http");
const { Session } = require("chdb");
const session = new Session(process.argv[3]);

function run(url, body) {
  const database = url.searchParams.get("database");
  if (database) session.query("USE `" + database + "`", "Null");
  const statement = url.searchParams.get("query");
  const sql = statement ? Buffer.concat([Buffer.from(statement + "\n"), body]).toString() : body.toString();
  return session.query(sql, "TabSeparated").toString();
}

http
  .createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (url.pathname === "/ping") return response.end("Ok.\n");
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      try {
        response.end(run(url, Buffer.concat(chunks)));
      } catch (error) {
        response.statusCode = 500;
        response.end(String(error.message || error) + "\n");
      }
    });
  })
  .listen(Number(process.argv[2]), "127.0.0.1");
