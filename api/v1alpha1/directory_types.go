// Copyright 2026 The Seatkeeper Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AdoptionPolicy says what becomes of an account that is there already, and that nobody made for this person.
//
// +enum
// +kubebuilder:validation:Enum=Refuse;Adopt
type AdoptionPolicy string

const (
	// AdoptionRefuse leaves it alone: the User stalls with DirectoryConflict.
	AdoptionRefuse AdoptionPolicy = "Refuse"
	// AdoptionAdopt makes it the person's account, unless it carries the externalId of somebody else.
	AdoptionAdopt AdoptionPolicy = "Adopt"
)

// DirectoryPolicy says where the accounts of an organization's members live.
type DirectoryPolicy struct {
	// adoption is Refuse or Adopt: what becomes of an account with the address of a User that is there already and that is
	// not the User's. Default: Refuse.
	// +optional
	// +default="Refuse"
	Adoption AdoptionPolicy `json:"adoption,omitempty"`

	// scim is a directory that speaks SCIM 2.0 (RFC 7643, RFC 7644).
	// +required
	SCIM SCIMDirectory `json:"scim,omitzero"`
}

// SCIMDirectory is a directory that speaks SCIM 2.0.
type SCIMDirectory struct {
	// url is the base URL of the service, up to 1024 characters, such as https://scim.acme.example/v2: https, or http on the
	// loopback interface. At another URL, everybody is provisioned anew.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && !self.contains('?') && !self.contains('#') && !self.contains('@')",message="url must be a URL such as https://scim.acme.example/v2, without user, query and fragment"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || url(self).getScheme() == 'https' || url(self).getHostname() in ['localhost', '127.0.0.1', '::1', '[::1]']",message="url must begin with https:// unless it is on the loopback interface"
	URL string `json:"url,omitempty"`

	// credentialsSecretRef names the Secret with what the operator signs in with: token; or username and password; or, for
	// OAuth 2.0, clientID, clientSecret, tokenURL and optionally scopes, separated by spaces. And optionally ca.crt, certificate
	// authorities to trust beside the system's. It is read anew within seconds, so that it can be rotated.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef,omitempty,omitzero"`
}
