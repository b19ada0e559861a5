package main

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var embedded embed.FS

func pageFiles() (http.Handler, error) {
	page, err := fs.Sub(embedded, "page")
	return http.FileServerFS(page), err
}

// policy allows the page's own files and the backend. It allows no inline scripts or styles,
// and no conversion of text to markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
