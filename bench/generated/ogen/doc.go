// Package ogen is a client that ogen makes from the SDK's openapi.json, in its
// quickest form: without its server and without OpenTelemetry. The code is not
// committed: go generate makes it, behind the build tag generated.
package ogen

//go:generate go tool ogen -config ogen.yml -loglevel error -target . -package ogen ../../../openapi.json
//go:generate go run ../../tag .
