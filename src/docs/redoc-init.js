"use strict";

// The address of the document and ReDoc's options lie in the page as data,
// because its Content-Security-Policy runs no script written into it.
const read = (id) => JSON.parse(document.getElementById(id).textContent);

document.body.style.margin = "0";
Redoc.init(read("spec"), read("options"), document.getElementById("redoc"));
