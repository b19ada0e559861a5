package agentotest

import _ "embed"

//go:generate cp ../openapi.json openapi.json

// openAPI is the API's OpenAPI document, served without a key.
//
//go:embed openapi.json
var openAPI []byte
