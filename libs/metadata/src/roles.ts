import { roles, type Role } from './documents';

/** The less powerful of two roles. */
export function atMost(role: Role, limit: Role): Role {
  return roles.indexOf(role) >= roles.indexOf(limit) ? role : limit;
}
