//go:build generated

package ogen

// What the generated code needs stays in go.mod where that code is not there.
import (
	_ "github.com/go-faster/errors"
	_ "github.com/go-faster/jx"
	_ "github.com/google/uuid"
	_ "github.com/ogen-go/ogen/http"
)
