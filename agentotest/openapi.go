package agentotest

import _ "embed"

//go:generate cp ../openapi.json openapi.json

// openAPI is the service's OpenAPI document, which it serves without a key.
//
//go:embed openapi.json
var openAPI []byte
