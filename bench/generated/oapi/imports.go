//go:build generated

package oapi

// What the generated code needs stays in go.mod where that code is not there.
import _ "github.com/oapi-codegen/runtime"
