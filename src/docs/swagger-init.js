"use strict";

document.body.style.margin = "0";
SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  // Left to its default, the page would show the document to a host elsewhere.
  validatorUrl: null,
});
