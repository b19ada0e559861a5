package agentotest

import (
	_ "embed"
	"net/http"
	"strconv"
)

//go:generate cp ../openapi.json openapi.json

//go:embed openapi.json
var openAPI []byte

// sendOpenAPI answers a request for the service's OpenAPI document, which needs
// no key. It returns false if that is not what was asked for.
func (c *call) sendOpenAPI() bool {
	if c.r.URL.Path != "/openapi.json" || c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		return false
	}
	c.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(openAPI)))
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodGet {
		_, _ = c.w.Write(openAPI) // a client that has gone needs no answer
	}
	return true
}
