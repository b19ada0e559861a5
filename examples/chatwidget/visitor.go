package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// visitors identifies browsers by a cookie with a random ID and its signature.
type visitors struct{ key []byte }

const cookieDays = 30

var errUnknownVisitor = errors.New("visitor cookie is missing or invalid")

// id returns the ID of the visitor, if welcome has set the cookie.
func (v visitors) id(r *http.Request) (string, error) {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return "", errUnknownVisitor
	}
	id, _, _ := strings.Cut(cookie.Value, ".")
	if !hmac.Equal([]byte(v.sign(id)), []byte(cookie.Value)) {
		return "", errUnknownVisitor
	}
	return id, nil
}

// sign returns the cookie value for an ID.
func (v visitors) sign(id string) string {
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(id))
	return id + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// welcome sets a cookie when a visitor opens the page, and renews a valid one.
func (v visitors) welcome(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			next.ServeHTTP(w, r)
			return
		}
		id, err := v.id(r)
		if err != nil {
			id = rand.Text()
		}
		w.Header().Set("Cache-Control", "no-store")
		http.SetCookie(w, &http.Cookie{
			Name: cookieName(r), Value: v.sign(id), Path: "/", MaxAge: cookieDays * 24 * 60 * 60,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: overTLS(r),
		})
		next.ServeHTTP(w, r)
	})
}

// cookieName returns the name of the cookie. Over TLS it has the prefix __Host-, with which
// a browser rejects the cookie from any other host.
func cookieName(r *http.Request) string {
	if overTLS(r) {
		return "__Host-visitor"
	}
	return "visitor"
}

// overTLS trusts the header of a proxy. A visitor who forges it only gets a different
// cookie.
func overTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}
