export { Contents, type IContentsProps } from './Contents';
