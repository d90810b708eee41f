"use strict";

document.body.style.margin = "0";
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // An access token stays in memory and is gone with the page: whatever lies in the browser's storage, every script of
  // this origin can read.
  persistAuthorization: false,
  // Left to its default, the page would show the document to a host elsewhere.
  validatorUrl: null,
});
