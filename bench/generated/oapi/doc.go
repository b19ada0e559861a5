// Package oapi is a client that oapi-codegen makes from the SDK's openapi.json.
// The code is not committed: go generate makes it, behind the build tag
// generated.
package oapi

//go:generate go tool oapi-codegen -generate types,client -package oapi -o oapi.gen.go ../../../openapi.json
//go:generate go run ../../tag .
